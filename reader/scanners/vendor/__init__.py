"""Document readers of other makers: what each of them sends, and what may be made of it.

A device's own words are *declared*: nobody here has seen the chip. Files of the chip that it hands over are another
matter (:mod:`.delivered`): their issuer's signature can be checked, though never whether the chip was genuine.
"""

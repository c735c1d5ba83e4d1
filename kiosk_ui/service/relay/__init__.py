"""The hospital's relay: asks the insurer's gateway for the kiosks, and alone holds the account and the officers."""

"""The hospital's own small service: queues with a call screen and a staff panel, and the relay to the insurer."""

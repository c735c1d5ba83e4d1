"""What a reading leaves behind so that somebody else can judge it again, without the card."""

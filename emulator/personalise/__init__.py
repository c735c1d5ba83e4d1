"""What an issuer does: people, files, portraits, a TEST authority and its signatures."""

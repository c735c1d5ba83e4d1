"""The chip's half of every protocol, written from the standards and never against the reader."""

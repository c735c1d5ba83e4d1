"""Portraits drawn by this project. No photograph of anybody is involved."""

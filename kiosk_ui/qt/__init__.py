"""The kiosk's interface: view models, texts, drawings and the loop that runs the check-in inside Qt."""

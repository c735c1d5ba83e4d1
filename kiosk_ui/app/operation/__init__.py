"""Running a kiosk: what is counted, what must show signs of life, who may open the operator's page."""

"""The model of the server, and the bench that runs one scenario on both and prints them against each other."""

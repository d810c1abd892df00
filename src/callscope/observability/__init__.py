"""What runs inside an application that calls models. It imports nothing of the server at the top of a file."""

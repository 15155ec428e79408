"""The Web API methods of the sandbox, one file for each family."""

"""A local HTTP server that speaks OpenAI's and Anthropic's protocols, for tests and for trying things out.

It knows no model, keeps nothing and needs nothing of the rest of the server. `callscope mock-provider` starts it.
"""

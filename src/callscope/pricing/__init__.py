"""The catalogue of models, and what a call costs: prices, the price book, `/llm/models`."""

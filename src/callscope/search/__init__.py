"""Text search in what people wrote and models answered: what a word is, and what a query means."""

"""Format strings that users define for their own lines, compiled to SQL; one module per language."""

"""How alerts are found: hourly cells from SQL; baselines; surges, new causes, silence; folding, words."""

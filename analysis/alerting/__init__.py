"""How alerts are found: hourly cells from SQL, then baselines, surges, new causes, silence, folding, words."""

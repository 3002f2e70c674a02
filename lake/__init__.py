"""The ground: the event schema and the Delta tables of Parquet that everything rests on."""

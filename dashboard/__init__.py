"""The page: Streamlit over the questions of analysis."""

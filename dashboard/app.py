"""The entry of the page: `why401 dashboard` starts Streamlit with it. The lake's folder comes from
WHY401_LAKE."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

# A file of our own: Streamlit fetches the icons that it knows by name from elsewhere.
_ICON = Path(__file__).with_name("icon.svg")

# A failure of the page itself is told in full on the terminal, where no visitor reads it.
st.set_option("client.showErrorDetails", "none")
st.set_option("client.toolbarMode", "viewer")
st.set_page_config(page_title="why401", page_icon=str(_ICON), layout="wide")
st.navigation([st.Page("pages/overview.py", title="Overview")], position="hidden").run()

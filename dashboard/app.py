"""The entry of the page: `why401 dashboard` starts Streamlit with it. The lake's folder comes from
WHY401_LAKE."""

from __future__ import annotations

import streamlit as st

# A failure of the page itself is told in full on the terminal, where no visitor reads it.
st.set_option("client.showErrorDetails", "none")
st.set_option("client.toolbarMode", "viewer")
st.set_page_config(page_title="why401", page_icon=":material/key_off:", layout="wide")
st.navigation([st.Page("pages/overview.py", title="Overview")], position="hidden").run()

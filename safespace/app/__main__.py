"""The script Streamlit runs."""

from safespace.app import run

run()

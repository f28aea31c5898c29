"""The script Streamlit runs; ``python -m safespace.app`` serves it."""

from safespace.app import run

run()

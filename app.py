"""The Streamlit app: ``streamlit run app.py``."""

from safespace.app import run

run()

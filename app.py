"""The Streamlit app: ``streamlit run app.py``."""

"""Numerical methods that need NumPy alone, and work on a second core."""

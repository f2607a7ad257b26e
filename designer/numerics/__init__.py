"""Numerical methods with NumPy alone, and computation on a second core."""

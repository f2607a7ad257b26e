"""Float64 reference of the signal path: upmix, filters, volume and limiters."""

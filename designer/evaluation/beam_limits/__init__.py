"""What a layout allows its beam at best, and how near the design comes."""

"""What writes the parts of the package that come from libberty itself."""

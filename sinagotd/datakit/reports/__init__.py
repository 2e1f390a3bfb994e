"""What is in a dataset, told in figures, tables and pictures. Loads and changes nothing."""

"""A materialized frame to a file and back: Parquet, HDF5, CSV, pickle. Materializes nothing and knows no source."""

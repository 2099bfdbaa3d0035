"""What is worth graphing of one reading, in the formats of time series databases."""

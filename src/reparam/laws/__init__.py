"""What one draws from: path, log density, score."""

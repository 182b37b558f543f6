"""The connection to S3: addresses, clients, errors, timeouts, signatures, content types."""

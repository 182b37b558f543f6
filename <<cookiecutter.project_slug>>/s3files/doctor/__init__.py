"""What `manage.py s3doctor` asks (steps.py), and what the answers mean (failures.py)."""

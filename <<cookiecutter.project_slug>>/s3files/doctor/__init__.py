"""What `manage.py s3doctor` checks (steps.py), and what the answers mean (failures.py)."""

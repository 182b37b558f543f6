from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """An account: Django's fields, and those that you add.

    Django documentation: "Using a custom user model when starting a project".
    """

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DirectConfig(AppConfig):
    """Uploads from the browser straight to S3."""

    name = "s3files.direct"
    # As when s3files was one app: tables, migrations and permissions keep their names.
    label = "s3files"
    verbose_name = _("Files on S3")
    default_auto_field = "django.db.models.BigAutoField"
    # What s3doctor checks, too.
    s3doctor_module = "s3files.direct.doctor"

    def ready(self) -> None:
        from s3files.media.deleting import file_deletion_planned

        from . import checks  # noqa: F401  (importing registers them)
        from .deleting import note_deletion

        file_deletion_planned.connect(note_deletion, dispatch_uid="s3files.direct")

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from s3files.views import BoundedPaginator

from .models import Upload


@admin.register(Upload)
class UploadAdmin(admin.ModelAdmin):
    """Shows and deletes files. People upload through the page, which checks the files."""

    list_display = ["link", "owner", "readable_size", "content_type", "created"]
    list_display_links = ["created"]
    # Showing the list never reads the whole table; date_hierarchy and facets would. A search reads
    # it, and so does sorting by a column other than the date.
    list_filter = ["created"]
    show_facets = admin.ShowFacets.NEVER
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username", "content_type"]
    show_full_result_count = False
    paginator = BoundedPaginator
    fields = ["link", "owner", "readable_size", "content_type", "created"]
    readonly_fields = fields

    @admin.display(description=_("file"), ordering="name")
    def link(self, upload):
        return format_html('<a href="{}">{}</a>', upload.file.url, upload.name)

    @admin.display(description=_("size"), ordering="size")
    def readable_size(self, upload):
        return filesizeformat(upload.size)

    def has_add_permission(self, request):
        return False

    # Nothing can be edited, so there is no button to save.
    def has_change_permission(self, request, obj=None):
        return False

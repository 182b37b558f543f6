from django.contrib import admin

from papers.models import Page, Paper
from papers.policies import PaperPolicy
from s3files.direct.admin import DirectUploadMixin


class PageInline(DirectUploadMixin, admin.TabularInline):
    model = Page
    extra = 0


@admin.register(Paper)
class PaperAdmin(DirectUploadMixin, admin.ModelAdmin):
    upload_policy = PaperPolicy
    inlines = [PageInline]


@admin.register(Page)
class PageAdmin(DirectUploadMixin, admin.ModelAdmin):
    """With a popup that adds a paper."""

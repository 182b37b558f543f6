from cases.pictures import draw, signed_in, upload
from django.urls import include, path
from wagtail.documents.models import Document
from wagtail.images.models import Image


def urls():
    from wagtail.admin import urls as admin_urls

    return [path("admin/", include(admin_urls))]


def use():
    from django.core.files.base import ContentFile
    from wagtail.models import Collection

    if not Collection.objects.exists():
        Collection.add_root(name="Root")
    client = signed_in()
    posted = client.post("/admin/images/add/", {"title": "Picture", "file": upload()})
    assert posted.status_code == 302, posted.content
    Document.objects.create(title="Paper", file=ContentFile(draw(), "paper.pdf"))


def look():
    image = Image.objects.get()
    renditions = [image.get_rendition(spec).url for spec in ("fill-50x50", "max-60x60|format-webp")]
    return [image.file.url, *renditions, Document.objects.get().file.url]


def delete():
    Image.objects.get().delete()
    Document.objects.get().delete()

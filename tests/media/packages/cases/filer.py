from cases.pictures import picture
from filer.models import Image


def use():
    Image.objects.create(file=picture(), original_filename="picture.png", is_public=True)


def look():
    image = Image.objects.get()
    return [image.url, *image.icons.values(), *image.thumbnails.values()]


def delete():
    Image.objects.get().delete()

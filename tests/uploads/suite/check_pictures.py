"""An ImageField that uploads directly stays one. With Pillow."""

import io

from django import forms
from django.core.files.images import get_image_dimensions
from PIL import Image

from client import NO_S3, Browser, BucketTestCase
from papers.policies import UserPolicy
from pictures.forms import PhotoForm
from s3files.direct.files import DirectFile


def make_picture(size=(30, 20), format="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, format)
    return file.getvalue()


class ImageFieldTests(BucketTestCase):
    def save(self, name, content):
        token = Browser("ada", "pictures.Photo.image", UserPolicy).upload(name, content)
        form = PhotoForm({"user": self.ada.user.pk, "image-upload": token}, {})
        return form if not form.is_valid() else form.save()

    def test_a_picture_has_its_width_and_height(self):
        photo = self.save("photo.png", make_picture())
        self.assertEqual((photo.width, photo.height), (30, 20))
        self.assertEqual(self.read(self.storage, photo.image.name), make_picture())
        self.assertTrue(photo.image.name.startswith(f"user_{self.ada.user.pk}/"))

    def test_what_is_not_a_picture_is_refused_and_deleted(self):
        for name, content, words in (
            ("notes.png", b"hello", "not an image or a corrupted image"),
            ("broken.png", make_picture()[:60], "not an image or a corrupted image"),
            ("notes.txt", b"hello", "not an image or a corrupted image"),
        ):
            with self.subTest(name):
                self.assertIn(words, str(self.save(name, content).errors))
        self.assertEqual(self.files(), [])

    def test_a_picture_stays_when_s3_does_not_answer_while_it_is_checked(self):
        token = Browser("ada", "pictures.Photo.image", UserPolicy).upload("a.png", make_picture())
        with NO_S3, self.assertLogs("s3files.direct.forms", "ERROR"):
            form = PhotoForm({"user": self.ada.user.pk, "image-upload": token}, {})
            self.assertIn("The storage does not answer", str(form.errors))
        form = PhotoForm({"user": self.ada.user.pk, "image-upload": token}, {})
        self.assertEqual(form.save().width, 30)

    def test_browsers_offer_pictures(self):
        self.assertIn('accept="image/*"', str(PhotoForm()["image"]))
        self.assertIsInstance(PhotoForm().fields["image"], forms.ImageField)

    def test_a_direct_file_has_dimensions(self):
        token = Browser("ada", "pictures.Photo.image", UserPolicy).upload("a.png", make_picture())
        self.assertEqual(get_image_dimensions(DirectFile(self.row(token))), (30, 20))

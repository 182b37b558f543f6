"""A file goes into the row, and under the name, for which it was sent; it is a file like others."""

import hashlib
import io
import tempfile
from pathlib import Path

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.forms import inlineformset_factory, modelform_factory
from django.http import QueryDict
from django.test import override_settings
from django.urls import reverse

from client import PDF, Browser, BucketTestCase
from config.storages import MediaStorage
from papers.forms import PaperForm
from papers.models import Draft, Page, Paper
from papers.policies import PaperPolicy, UserPolicy
from s3files.direct.admin import DirectUploadMixin
from s3files.direct.files import DirectFile
from s3files.direct.forms import DirectFileField, direct_upload, use_request
from s3files.direct.models import DirectUpload, State
from s3files.direct.policy import UploadPolicy


class RightRowTests(BucketTestCase):
    def setUp(self):
        super().setUp()
        self.first, self.second = (Paper.objects.create(title=title) for title in "12")

    def save(self, paper, token):
        form = PaperForm({"title": "x", "file-upload": token}, {}, instance=paper)
        return form if not form.is_valid() else form.save()

    def test_the_page_of_a_row_signs_its_key(self):
        for paper, key in ((None, "new"), (self.first, str(self.first.pk))):
            form = PaperForm(instance=paper)
            self.assertIn(f'data-object="{key}"', str(form["file"]))

    def test_a_file_for_one_row_is_not_saved_in_another(self):
        token = self.ada.edit(self.first).upload()
        for other in (self.second, None):
            form = self.save(other, token)
            self.assertIn("was uploaded for another entry", str(form.errors))
            # The page that is shown again does not post it once more.
            self.assertNotIn(token, str(form["file"]))
        self.assertEqual(self.save(self.first, token).file.name, self.row(token).stored_name)

    def test_a_file_for_a_new_row_is_not_saved_in_an_old_one(self):
        form = self.save(self.first, self.ada.upload())
        self.assertIn("was uploaded for another entry", str(form.errors))

    def test_unfinished_uploads_are_listed_for_their_row(self):
        tokens = [self.ada.edit(self.first).upload(), self.ada.edit(self.second).upload()]
        for paper, token in zip((self.first, self.second), tokens, strict=True):
            (known,) = self.ada.edit(paper).step("list")["uploads"]
            self.assertEqual((known["token"], known["object"]), (token, str(paper.pk)))
        targets = [self.ada.edit(paper).target for paper in (self.second, self.first)]
        lists = self.ada.step("list", targets=targets)["lists"]
        self.assertEqual([one["token"] for (one,) in lists], tokens[::-1])

    def test_a_token_in_two_rows_of_a_formset_goes_into_one_and_the_form_stays(self):
        token = Browser("ada", "papers.Page.file", UploadPolicy).upload()
        formset_class = inlineformset_factory(
            Paper, Page, fields=["file"], formfield_callback=direct_upload
        )
        data = QueryDict(mutable=True)
        data.update({"page_set-TOTAL_FORMS": "2", "page_set-INITIAL_FORMS": "0"})
        data.update({f"page_set-{number}-file-upload": token for number in range(2)})
        formset = formset_class(data, QueryDict(), instance=self.first)
        self.assertFalse(formset.is_valid())
        self.assertEqual(formset.errors[0], {})
        self.assertIn("is in another row of this form", str(formset.errors[1]))
        self.assertEqual(str(formset).count(f'value="{token}"'), 1)

    def test_a_posted_file_stays_when_another_field_is_wrong(self):
        form = PaperForm({"title": "x" * 99}, {"file": SimpleUploadedFile("a.pdf", PDF)})
        use_request(form, self.ada.request())
        self.assertFalse(form.is_valid())
        (row,) = DirectUpload.objects.all()
        self.assertEqual(row.state, State.COMPLETE)
        self.assertIn(f'name="file-upload" value="{row.pk.hex}.', str(form["file"]))

    def test_an_upload_that_was_begun_before_an_update_is_still_taken(self):
        token = self.ada.upload()
        DirectUpload.objects.update(object="")
        self.assertEqual(self.save(self.first, token).file.name, self.row(token).stored_name)


class NameTests(BucketTestCase):
    def begin(self, field, policy, name="Été 1.tar.gz", status=200):
        return Browser("ada", f"papers.Draft.{field}", policy).begin(name, status=status)

    def test_upload_to_gets_the_instance_of_the_policy(self):
        for field in ("file", "raw"):
            with self.subTest(field):
                row = self.row(self.begin(field, UserPolicy)["token"])
                self.assertRegex(
                    row.stored_name, rf"^user_{self.ada.user.pk}/Été_1\.tar_\w{{12}}\.gz$"
                )

    def test_a_field_that_nothing_has_set_is_reported_to_the_developer(self):
        for field, policy, name in (
            ("file", UploadPolicy, "Draft.user_id"),
            ("raw", UploadPolicy, "Draft.user_id"),
            ("other", UserPolicy, "Draft.id"),
        ):
            with self.subTest(field), self.assertLogs("s3files.direct.views", "ERROR"):
                answer = self.begin(field, policy, status=422)
                self.assertIn(f"reads {name}, which is not set", answer["error"])
                self.assertIn(f"{policy.__name__}.new_instance(request)", answer["error"])
                self.assertFalse(answer["retry"])
        self.assertEqual(DirectUpload.objects.count(), 0)

    def test_upload_to_gets_the_row_of_the_form(self):
        draft = Draft.objects.create(user=Browser("eve").user)
        ada = Browser("ada", "papers.Draft.other", UserPolicy).edit(draft)
        name = self.row(ada.begin("a.bin")["token"]).stored_name
        self.assertRegex(name, rf"^drafts/{draft.pk}/a_\w{{12}}\.bin$")
        draft.delete()
        self.assert_refused(ada.begin("a.bin", status=410), "no longer exists")

    def test_long_names_are_cut_where_they_are_stored_and_accepted(self):
        for name in ("x" * 116 + ".pdf", "사" * 251 + ".pdf"):
            with self.subTest(name=name[:3]):
                token = self.ada.upload(name)
                self.assertEqual(self.save_paper(token).status_code, 302)
                self.assertTrue(self.row(token).stored_name.endswith(".pdf"))

    def test_names_that_no_storage_takes_are_refused(self):
        for name in ("???", "a." + "b" * 250):
            self.assert_refused(self.begin("raw", UserPolicy, name, 400), "rename the file")


class FieldsOfTheProjectTests(BucketTestCase):
    def test_a_form_class_of_the_project_is_kept(self):
        class ShortField(forms.FileField):
            def clean(self, data, initial=None):
                file = super().clean(data, initial)
                if file.size > 10:
                    raise ValidationError("Too long for us.")
                return file

        def callback(field, **kwargs):
            if field.name == "file":
                kwargs["form_class"] = ShortField
            return direct_upload(field, policy=PaperPolicy, **kwargs)

        form_class = modelform_factory(Paper, fields=["file"], formfield_callback=callback)
        form = form_class({"file-upload": self.ada.upload()}, {})
        self.assertIsInstance(form.fields["file"], DirectFileField)
        self.assertIn("Too long for us.", str(form.errors))

    def test_the_admins_overrides_are_kept(self):
        from django.contrib import admin
        from django.db import models

        class OddInput(forms.ClearableFileInput):
            template_name = "odd.html"

        class OddAdmin(DirectUploadMixin, admin.ModelAdmin):
            formfield_overrides = {models.FileField: {"widget": OddInput, "help_text": "Odd."}}

        field = OddAdmin(Paper, admin.site).formfield_for_dbfield(
            Paper._meta.get_field("file"), self.ada.request()
        )
        self.assertEqual((field.help_text, field.widget.inner_template_name), ("Odd.", "odd.html"))


class OpenFileTests(BucketTestCase):
    """What people do with a file in clean_file()."""

    def open(self, content, name="table.csv"):
        return DirectFile(self.row(self.ada.upload(name, content)))

    def test_text_is_read_line_by_line(self):
        file = self.open(b"a;b\n1;2\n")
        self.assertEqual((file.tell(), file.readline(), file.tell()), (0, b"a;b\n", 4))
        self.assertEqual(file.file.read(), b"1;2\n")
        file.seek(0)
        self.assertEqual(list(io.TextIOWrapper(file, "utf-8")), ["a;b\n", "1;2\n"])

    def test_a_closed_file_can_be_opened_again(self):
        file = self.open(PDF, "a.pdf")
        with file as opened:
            opened.read(5)
        self.assertTrue(file.closed)
        with self.assertRaises(ValueError):
            file.read()
        with file.open() as opened:
            self.assertEqual(opened.read(), PDF)
        with self.assertRaises(ValueError):
            file.open("wb")

    def test_files_have_digests(self):
        digest = hashlib.file_digest(self.open(PDF, "a.pdf"), "sha256").hexdigest()
        self.assertEqual(digest, hashlib.sha256(PDF).hexdigest())

    def test_saving_under_another_name_copies(self):
        file = self.open(PDF, "a.pdf")
        name = self.storage.save("other/name.pdf", file)
        self.assertEqual((name, self.read(self.storage, name)), ("other/name.pdf", PDF))
        self.assertIsNone(DirectUpload.objects.get().claimed)


class ForeignStorageTests(BucketTestCase):
    def post_through_django(self, backend, **options):
        """Save a form while its field's storage is one of Django's; return the row's file."""
        storage = {"BACKEND": f"django.core.files.storage.{backend}", "OPTIONS": options}
        replaced = override_settings(STORAGES=settings.STORAGES | {"default": storage})
        replaced.enable()
        self.addCleanup(replaced.disable)
        self.assertNotIn("data-s3files", str(PaperForm()["file"]))
        file = SimpleUploadedFile("a.pdf", PDF)
        answer = self.ada.client.post(reverse("new-paper"), {"title": "x", "file": file})
        self.assertEqual(answer.status_code, 302)
        self.assertEqual(self.files(), [])
        return self.only_paper().file

    def test_a_form_posts_through_django_into_memory(self):
        file = self.post_through_django("InMemoryStorage")
        self.assertEqual(file.read(), PDF)

    def test_a_form_posts_through_django_into_a_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            file = self.post_through_django("FileSystemStorage", location=folder)
            self.assertEqual(Path(folder, file.name).read_bytes(), PDF)


class RootStorage(MediaStorage):
    location = ""


class JobTests(BucketTestCase):
    @override_settings(
        STORAGES=settings.STORAGES | {"default": {"BACKEND": "check_rows.RootStorage"}}
    )
    def test_a_storage_at_the_buckets_root_is_swept(self):
        self.save_paper(self.ada.upload())
        self.ada.send("left.pdf")
        long_ago = "2000-01-01T00:00Z"
        DirectUpload.objects.update(active=long_ago, signed_until=long_ago)
        call_command("sweepmedia", "--delete", stdout=io.StringIO())
        self.assertEqual(self.keys(), [self.only_paper().file.name])

    def test_a_sweep_goes_on_after_what_it_cannot_do(self):
        self.ada.send("renamed.pdf")
        self.ada.send("removed.pdf")
        DirectUpload.objects.filter(name="renamed.pdf").update(policy="papers.gone.Policy")
        DirectUpload.objects.filter(name="removed.pdf").update(field="papers.Paper.gone")
        DirectUpload.objects.update(active="2000-01-01T00:00Z", signed_until="2000-01-01T00:00Z")
        out, err = io.StringIO(), io.StringIO()
        call_command("sweepmedia", "--delete", stdout=out, stderr=err)
        self.assertEqual([row.name for row in DirectUpload.objects.all()], ["removed.pdf"])
        self.assertIn("There is no FileField papers.Paper.gone", err.getvalue())

    def test_a_policy_that_is_gone_ends_an_upload(self):
        token = self.ada.send()["token"]
        DirectUpload.objects.update(policy="papers.gone.Policy", state=State.PROCESSING)
        self.assert_refused(self.ada.step("complete", status=410, token=token), "site has changed")
        out = io.StringIO()
        call_command("finishuploads", stdout=out)
        self.assertIn("site has changed", out.getvalue())

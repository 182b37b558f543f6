"""The field in forms, the admin and Django REST framework."""

import base64
import json
import re

from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse

from client import LARGE, PDF, Browser, BucketTestCase, http
from papers.forms import PagesForm, PaperForm, PlainForm
from papers.models import Page, Paper
from s3files.direct.files import DirectFile
from s3files.direct.forms import DirectFileField, use_request
from s3files.direct.models import DirectUpload, State
from s3files.direct.policy import UploadPolicy


class FormTests(BucketTestCase):
    def test_one_line_makes_a_model_forms_files_direct(self):
        for form in (PaperForm(), PlainForm()):
            self.assertIsInstance(form.fields["file"], DirectFileField)
            self.assertNotIsInstance(form.fields["title"], DirectFileField)
            self.assertIn('type="module"', str(form.media))
        self.assertFalse(PaperForm().fields["file"].required)

    def test_without_javascript_the_same_form_posts_through_django(self):
        file = SimpleUploadedFile("paper.pdf", PDF, "text/html")
        response = self.ada.client.post(reverse("new-paper"), {"title": "x", "file": file})
        self.assertEqual(response.status_code, 302)
        self.assertEqual(self.read(self.storage, self.only_paper().file.name), PDF)

    def test_posted_files_are_checked_as_direct_ones_are(self):
        for content, words in (
            (b"<html>", "is not what its name says"),
            (PDF + b"EICAR", "This file has a virus."),
        ):
            file = SimpleUploadedFile("paper.pdf", content)
            response = self.ada.client.post(reverse("new-paper"), {"title": "x", "file": file})
            self.assertContains(response, words)
        self.assertEqual(self.files(), [])

    def test_a_form_that_is_shown_again_still_has_the_file(self):
        token = self.ada.upload()
        response = self.save_paper(token, title="x" * 21)
        self.assertContains(response, "at most 20 characters")
        self.assertContains(response, f'name="file-upload" value="{token}"')
        self.assertContains(response, "1000\xa0bytes, uploaded")
        self.assertEqual(self.save_paper(token).status_code, 302)

    def test_editing_keeps_replaces_and_clears_the_file(self):
        self.save_paper(self.ada.upload())
        paper = self.only_paper()
        first = paper.file.name
        PaperForm({"title": "new"}, {}, instance=paper).save()
        self.assertEqual((paper.title, paper.file.name), ("new", first))
        token = self.ada.edit(paper).upload()
        form = PaperForm({"title": "new", "file-upload": token}, {}, instance=paper)
        self.assertEqual(form.changed_data, ["file"])
        form.save()
        self.assertNotEqual(paper.file.name, first)
        PaperForm({"title": "new", "file-clear": "on"}, {}, instance=paper).save()
        self.assertEqual(Paper.objects.get().file.name, "")

    def test_a_file_and_the_box_that_clears_it_contradict(self):
        data = {"title": "x", "file-upload": self.ada.upload(), "file-clear": "on"}
        form = PaperForm(data, {}, instance=Paper(title="x", file="old.pdf"))
        self.assertIn("not both", str(form.errors))

    def test_several_files(self):
        pages = Browser("ada", "papers.Page.file")
        tokens = [pages.upload(f"{number}.pdf") for number in range(3)]
        form = PagesForm(_QueryDict(**{"pages-upload": tokens}), _QueryDict())
        self.assertTrue(form.is_valid(), form.errors)
        paper = Paper.objects.create(title="x")
        for file in form.cleaned_data["pages"]:
            self.assertIsInstance(file, DirectFile)
            Page.objects.create(paper=paper, file=file)
        self.assertEqual(len(self.files()), 3)

    def test_of_files_that_are_posted_with_a_bad_one_none_stays(self):
        """Else the next page with JavaScript would find them, beside those posted again."""
        kept = Browser("ada", "papers.Page.file").upload("kept.pdf")
        posted = [SimpleUploadedFile("good.pdf", PDF), SimpleUploadedFile("empty.pdf", b"")]
        form = PagesForm(_QueryDict(**{"pages-upload": [kept]}), _QueryDict(pages=posted))
        use_request(form, self.ada.request())
        self.assertFalse(form.is_valid())
        self.assertEqual(len(self.files()), 1)
        complete = DirectUpload.objects.filter(state=State.COMPLETE)
        self.assertEqual([upload.name for upload in complete], ["kept.pdf"])
        self.assertInHTML('<span class="name"><bdi>kept.pdf</bdi></span>', str(form))

    def test_a_direct_file_can_be_read_like_any_other(self):
        token = self.ada.upload("large.pdf", LARGE)
        file = DirectFile(self.row(token))
        self.assertEqual((file.name, file.size), ("large.pdf", len(LARGE)))
        self.assertEqual(b"".join(file.chunks()), LARGE)
        file.seek(5)
        self.assertEqual(file.read(3), LARGE[5:8])
        file.close()

    def test_another_storage_gets_a_copy(self):
        token = self.ada.upload()
        name = self.public.save("copies/paper.pdf", DirectFile(self.row(token)))
        self.assertEqual(self.read(self.public, name), PDF)


class AdminTests(BucketTestCase):
    def setUp(self):
        super().setUp()
        self.root = Browser("root")
        get_user_model().objects.update(is_staff=True, is_superuser=True)

    def test_the_words_of_the_scripts_are_once_in_a_page(self):
        page = self.root.client.get("/admin/papers/paper/add/")
        self.assertGreater(page.content.count(b"data-s3files "), 2)
        self.assertContains(page, 'data-text="paused"', 1)

    def test_the_admins_form_takes_a_direct_upload(self):
        page = self.root.client.get("/admin/papers/paper/add/").content.decode()
        self.assertIn("data-s3files", page)
        self.assertIn("s3files/widget", page)
        data = {
            "title": "x",
            "file-upload": self.root.upload(),
            "page_set-TOTAL_FORMS": "1",
            "page_set-INITIAL_FORMS": "0",
            "page_set-0-file-upload": Browser("root", "papers.Page.file", UploadPolicy).upload(),
        }
        response = self.root.client.post("/admin/papers/paper/add/", data)
        self.assertRedirects(response, "/admin/papers/paper/")
        paper = self.only_paper()
        self.assertEqual(self.read(self.storage, paper.file.name), PDF)
        self.assertEqual(paper.page_set.count(), 1)
        page = self.root.client.get(f"/admin/papers/paper/{paper.pk}/change/").content.decode()
        self.assertIn("Currently", page)

    def test_the_admin_shows_uploads_and_changes_none(self):
        self.root.send()
        page = self.root.client.get("/admin/s3files/directupload/").content.decode()
        self.assertIn("paper.pdf", page)
        self.assertEqual(self.root.client.get("/admin/s3files/directupload/add/").status_code, 403)

    @override_settings(LANGUAGE_CODE="ko")
    def test_the_admin_shows_uploads_in_the_users_language(self):
        self.root.send()
        row = f"/admin/s3files/directupload/{DirectUpload.objects.get().pk}/change/"
        listed = self.root.client.get("/admin/s3files/directupload/").content.decode()
        shown = self.root.client.get(row).content.decode()
        for text in ("S3의 파일", "직접 업로드", "예약됨"):
            self.assertIn(text, listed)
            self.assertIn(text, shown)
        heads = re.findall(r'<div class="text">(?:<a [^>]*>|<span>)([^<]+)<', listed)
        self.assertEqual(heads, ["파일 이름", "상태", "크기", "계정", "필드", "시작 시각"])
        labels = re.findall(r"<label>([^<]+?):?</label>", shown)
        self.assertEqual(
            labels,
            [
                *("파일 이름", "상태", "거부 사유", "크기", "콘텐츠 유형", "계정"),
                *("필드", "행", "저장소 안의 이름", "시작 시각", "행에 연결된 시각"),
            ],
        )


class APITests(BucketTestCase):
    """A client of an API, without cookies and without a browser."""

    def setUp(self):
        super().setUp()
        get_user_model().objects.create_user("api", password="secret")
        self.client = Client(
            headers={"Authorization": "Basic " + base64.b64encode(b"api:secret").decode()}
        )

    def post(self, path, data, client=None):
        response = (client or self.client).post(
            f"/api/papers/{path}", json.dumps(data), "application/json"
        )
        return response.status_code, response.json()

    def test_a_client_uploads_in_parts_and_creates_the_row(self):
        size = {"name": "large.pdf", "size": len(LARGE)}
        status, ticket = self.post("uploads/begin/", size)
        self.assertEqual(status, 200, ticket)
        for number in range(1, ticket["part_count"] + 1):
            self.assertEqual(self.ada.put_part(ticket, number, LARGE), 200)
        status, paper = self.post("", {"title": "x", "file": ticket["token"]})
        self.assertEqual(status, 201, paper)
        self.assertEqual(http("GET", paper["file"]), (200, LARGE))

    def test_a_client_may_also_post_the_file_itself(self):
        file = SimpleUploadedFile("paper.pdf", PDF)
        response = self.client.post("/api/papers/", {"title": "x", "file": file})
        self.assertEqual(response.status_code, 201, response.content)
        self.assertEqual(self.read(self.storage, self.only_paper().file.name), PDF)

    def test_what_is_refused_is_told_as_the_api_tells_errors(self):
        ticket = self.post("uploads/begin/", {"name": "paper.pdf", "size": 6})[1]
        self.ada.put(ticket, b"<html>")
        status, answer = self.post("", {"title": "x", "file": ticket["token"]})
        self.assertEqual(status, 400)
        self.assertIn("is not what its name says", answer["file"][0])
        self.assertEqual(self.post("", {"title": "x", "file": "no token"})[0], 400)

    def test_others_are_refused(self):
        self.assertEqual(self.post("uploads/begin/", {}, Client())[0], 401)
        self.assertEqual(self.post("uploads/nothing/", {})[0], 404)
        token = self.ada.send()["token"]
        self.assertEqual(self.post("uploads/complete/", {"token": token})[0], 403)
        self.assertEqual(self.post("", {"title": "x", "file": token})[0], 400)
        pages = Browser("api", "papers.Page.file").send()["token"]
        self.assertEqual(self.post("uploads/status/", {"token": pages})[0], 403)


class _QueryDict(dict):
    def getlist(self, name):
        return self.get(name, [])

"""A page with a form of django-prose-editor."""

from django import forms
from django.shortcuts import render
from django.urls import path
from django_prose_editor.fields import ProseEditorFormField


class Form(forms.Form):
    text = ProseEditorFormField()


def show_form(request):
    form = Form()
    media = form.media.with_nonce(request.csp_nonce)
    return render(request, "prose_editor.html", {"form": form, "media": media})


urlpatterns = [path("", show_form)]

"""The project's URLs, and a view of its owner's that sends the browser to an uploaded file."""

import os

from config.urls import urlpatterns as own
from django.urls import path
from django.views.generic import RedirectView

urlpatterns = [path("uploaded/", RedirectView.as_view(url=os.environ["UPLOADED_FILE"])), *own]

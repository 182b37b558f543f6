"""Ask a site for its pages and settings: tests of this folder call these."""

import asyncio

from django.db import connection
from django.test import AsyncClient, Client


async def ask(path):
    answer = await AsyncClient(headers={"host": "10.0.0.7"}).get(path)
    return answer.status_code, answer.content.decode()


def ask_by_asgi(*paths):
    return [asyncio.run(ask(path)) for path in paths]


def read_policies(*paths):
    """Return the Content-Security-Policy of each page: directive → sources."""
    client, policies = Client(headers={"host": "localhost"}), []
    for path in paths:
        header = client.get(path)["Content-Security-Policy"]
        policies.append({words.split()[0]: words.split()[1:] for words in header.split("; ")})
    return policies


def find_age_of_connections():
    return connection.settings_dict["CONN_MAX_AGE"]

"""Documents of strangers, without a network: what is put here is what can be fetched."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from auth.fetching import Document, DocumentUnavailable


@dataclass
class FakeDocuments:
    """A `DocumentFetcher` that answers what it was given, and counts how often it was asked."""

    documents: dict[str, Document] = field(default_factory=dict)
    fetched: Counter[str] = field(default_factory=Counter)

    def put(self, url: str, members: Any, **headers: str) -> None:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self.documents[url] = Document(orjson.dumps(members), told)

    async def fetch(self, url: str) -> Document:
        self.fetched[url] += 1
        if url not in self.documents:
            raise DocumentUnavailable("nothing is there")
        return self.documents[url]

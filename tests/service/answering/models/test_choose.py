from __future__ import annotations

import pytest

from core.errors import UnknownModel
from core.settings.load import Settings
from core.settings.sections import ModelSettings
from indexes.embedders.hashing import HashingEmbedder
from service.answering.models.choose import open_model
from service.answering.models.extractive import Extractive
from service.answering.models.openai import OpenAICompatible


def test_without_settings_the_built_in_model_answers_free_of_charge():
    model = open_model(Settings(), None, HashingEmbedder())
    assert isinstance(model.generator, Extractive)
    assert (model.name, model.price is not None and model.price.input) == ("extractive", 0)


def test_the_model_marked_default_answers_when_none_is_named():
    there = ModelSettings(
        kind="openai", base_url="http://127.0.0.1:1/v1", model="small", default=True, context_window=9000
    )
    model = open_model(Settings(models={"main": there}), None, HashingEmbedder())
    assert isinstance(model.generator, OpenAICompatible)
    assert (model.name, model.price, model.context_window) == ("main", None, 9000)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UnknownModel, match="extractive"):
        open_model(Settings(), "gpt", HashingEmbedder())

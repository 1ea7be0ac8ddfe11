"""Rollouts against a model of what docs/rollout.md says of them."""

from .machine import BOUNDS, RolloutMachine

TestARolloutDoesAsItsDocumentationSays = RolloutMachine.TestCase
TestARolloutDoesAsItsDocumentationSays.settings = BOUNDS

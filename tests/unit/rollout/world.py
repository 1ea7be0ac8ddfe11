"""A simulated tenant with devices that check in, and a rollout on it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from intune_scep.rollout.controller import Controller
from intune_scep.rollout.file import Gates, MaxFailed, Ring, RolloutFile, Strategy
from intune_scep.rollout.verbs import moves_for, resolve_file

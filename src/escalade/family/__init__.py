"""Families on disk: members packaged, retrained, grown with a warm start, exported and checked."""

from escalade.family.family import Accuracy, Family, FamilyMember

__all__ = ["Accuracy", "Family", "FamilyMember"]

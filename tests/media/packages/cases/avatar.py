from avatar.models import Avatar
from avatar.templatetags.avatar_tags import avatar_url
from cases.pictures import picture
from users.models import User


def use():
    user = User.objects.create_user("anna")
    Avatar(user=user, primary=True).avatar.save("me.png", picture())


def look():
    user = User.objects.get()
    return [avatar_url(user, 80), avatar_url(user, 40), user.avatar_set.get().avatar.url]


def delete():
    Avatar.objects.get().delete()
